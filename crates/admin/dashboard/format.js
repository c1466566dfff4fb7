// Numbers, spans of time and moments, as people read them.

import { h } from "./element.js";

/** A span of milliseconds, with the two largest units. */
export function span(ms) {
  if (ms === null || ms === undefined) {
    return "–";
  }
  if (ms < 1000) {
    return `${Math.round(ms)} ms`;
  }
  if (ms < 60_000) {
    return `${(ms / 1000).toFixed(1)} s`;
  }
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) {
    return both(minutes, "min", Math.floor((ms % 60_000) / 1000), "s");
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? both(hours, "h", minutes % 60, "min") : both(Math.floor(hours / 24), "d", hours % 24, "h");
}

function both(large, unit, small, smaller) {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smaller}`;
}

/** A whole number with its thousands apart. */
export function count(number) {
  return number === null || number === undefined ? "–" : number.toLocaleString("en-US");
}

/** A share of one as a percentage. */
export function percent(share) {
  return `${(share * 100).toFixed(share > 0.999 || share === 0 ? 0 : 1)} %`;
}

/** A moment: how long ago, with the exact time on hover, local and UTC. */
export function moment(at) {
  if (!at) {
    return "–";
  }
  const time = new Date(at);
  const ago = Date.now() - time.getTime();
  const text = ago >= 0 ? `${span(ago)} ago` : `in ${span(-ago)}`;
  return h("time", { datetime: at, title: `${time.toLocaleString()} (${at})` }, text);
}

/** The time of day. */
export function clock(at) {
  return new Date(at).toLocaleTimeString([], { hour12: false });
}

/** A value as indented JSON; a text as it is. */
export function pretty(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/** The last part of an ARN: the name. */
export function nameOf(arn) {
  return arn.slice(arn.lastIndexOf(":") + 1);
}
