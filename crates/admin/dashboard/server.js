// What the server is asked and told: JSON at `/v1`, and the events of `/v1/live`.

/** A refused request, with the code of the server. */
export class Refused extends Error {
  constructor(code, message) {
    super(code ? `${message} (${code})` : message);
    this.code = code;
  }
}

/** Reads an object. */
export async function get(path, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = given.length > 0 ? `?${new URLSearchParams(given)}` : "";
  return answer(await asked(`/v1${path}${query}`));
}

/** Changes something. */
export async function post(path, body) {
  const request = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  return answer(await asked(`/v1${path}`, request));
}

/** A path from names that may hold anything. */
export function path(...parts) {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join("");
}

async function asked(url, request) {
  try {
    return await fetch(url, request);
  } catch {
    throw new Refused(null, "the server does not answer");
  }
}

async function answer(response) {
  const value = await response.json();
  if (!response.ok) {
    throw new Refused(value.error?.code, value.error?.message ?? response.statusText);
  }
  return value;
}

/** Follows the server: `told` gets each snapshot, `status` "live", "paused" or "lost". A hidden page does not follow. */
export class Live {
  constructor(told, status) {
    this.told = told;
    this.status = status;
    this.paused = false;
    document.addEventListener("visibilitychange", () => this.follow());
    this.follow();
  }

  /** Stops following, or goes on. */
  toggle() {
    this.paused = !this.paused;
    this.follow();
  }

  /** Never follows again. */
  close() {
    this.closed = true;
    this.source?.close();
  }

  follow() {
    this.source?.close();
    this.source = null;
    if (this.closed) {
      return;
    }
    if (this.paused || document.hidden) {
      this.status(this.paused ? "paused" : "live");
      return;
    }
    this.source = new EventSource("/v1/live");
    this.source.onmessage = (event) => {
      this.status("live");
      this.told(JSON.parse(event.data));
    };
    this.source.onerror = () => {
      this.status("lost");
      // A server that was restarted refuses for a moment; a browser gives up when it does.
      if (this.source?.readyState === EventSource.CLOSED) {
        setTimeout(() => this.follow(), 2000);
      }
    };
  }
}
