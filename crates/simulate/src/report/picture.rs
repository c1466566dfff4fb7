//! A study as a picture in SVG, for documents and pull requests: calls in flight against the slots above, waiting
//! calls of each priority below. Written without a library: rectangles, lines and texts are all it needs.

use std::fmt::Write as _;

use rampmeter_dispatch::Priority;

use crate::quantity::{grouped, offset, words};
use crate::study::Study;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
/// Points of a line.
const PARTS: usize = 240;

/// Colours that the colour-blind can tell apart (Okabe and Ito, 2008), HIGH first.
const COLOURS: [&str; 3] = ["#d55e00", "#0072b2", "#009e73"];
const IN_FLIGHT: &str = "#999999";

/// A diagram: a rectangle of the picture, and the value of its full height.
#[derive(Debug, Clone, Copy)]
struct Diagram {
    top: f64,
    height: f64,
    full: f64,
}

/// The picture.
pub(crate) fn svg(study: &Study) -> String {
    let mut picture = String::new();
    let run = &study.run;
    let peak = run
        .steps
        .iter()
        .map(|step| step.in_flight)
        .max()
        .unwrap_or(0);
    let slots = study.scenario.handling.slots();
    let waiting: [Vec<f64>; 3] =
        Priority::ALL.map(|priority| run.series(PARTS, |step| step.waiting[priority.index()]));
    let most_waiting = waiting.iter().flatten().copied().fold(1.0, f64::max);
    let above = Diagram {
        top: 60.0,
        height: 130.0,
        full: f64::from(slots.unwrap_or(peak).max(peak).max(1)),
    };
    let below = Diagram {
        top: 240.0,
        height: 130.0,
        full: most_waiting,
    };
    open(&mut picture, study);
    above.frame(&mut picture, "calls in flight");
    below.frame(&mut picture, "calls waiting");
    above.area(&mut picture, &run.series(PARTS, |step| step.in_flight));
    if let Some(slots) = slots {
        above.level(&mut picture, f64::from(slots), &format!("{slots} slots"));
    }
    for (priority, series) in Priority::ALL.into_iter().zip(&waiting) {
        if study.figures().calls[priority.index()] > 0 {
            below.line(&mut picture, series, COLOURS[priority.index()]);
        }
    }
    legend(&mut picture, study);
    times(&mut picture, study);
    picture.push_str("</svg>\n");
    picture
}

fn open(picture: &mut String, study: &Study) {
    let verdict = if study.passed() { "passed" } else { "failed" };
    let title = escaped(&format!(
        "{}: simulation {verdict}, seed {}, config {}",
        study.scenario.handling.target,
        study.scenario.seed,
        study.scenario.hash()
    ));
    add(
        picture,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             font-family=\"sans-serif\" font-size=\"12\">\n<title>{title}</title>\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
             <text x=\"{LEFT}\" y=\"24\" font-size=\"15\">{title}</text>"
        ),
    );
}

impl Diagram {
    fn x(place: usize, count: usize) -> f64 {
        let share = place as f64 / count.max(2).saturating_sub(1) as f64;
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        self.top + self.height * (1.0 - (value / self.full).min(1.0))
    }

    fn frame(&self, picture: &mut String, title: &str) {
        let (width, middle) = (WIDTH - LEFT - RIGHT, LEFT - 8.0);
        let (bottom, label) = (self.top + self.height, grouped(self.full.round() as u64));
        add(
            picture,
            format_args!(
                "<rect x=\"{LEFT}\" y=\"{}\" width=\"{width}\" height=\"{}\" fill=\"none\" stroke=\"#cccccc\"/>\n\
                 <text x=\"{LEFT}\" y=\"{}\">{title}</text>\n\
                 <text x=\"{middle}\" y=\"{}\" text-anchor=\"end\">{label}</text>\n\
                 <text x=\"{middle}\" y=\"{bottom}\" text-anchor=\"end\">0</text>",
                self.top,
                self.height,
                self.top - 6.0,
                self.top + 10.0,
            ),
        );
    }

    fn points(&self, series: &[f64]) -> String {
        let points: Vec<String> = series
            .iter()
            .enumerate()
            .map(|(place, value)| {
                format!(
                    "{:.1},{:.1}",
                    Diagram::x(place, series.len()),
                    self.y(*value)
                )
            })
            .collect();
        points.join(" ")
    }

    fn area(&self, picture: &mut String, series: &[f64]) {
        let bottom = self.y(0.0);
        add(
            picture,
            format_args!(
                "<polygon points=\"{LEFT},{bottom} {} {},{bottom}\" fill=\"{IN_FLIGHT}\"/>",
                self.points(series),
                WIDTH - RIGHT
            ),
        );
    }

    fn line(&self, picture: &mut String, series: &[f64], colour: &str) {
        add(
            picture,
            format_args!(
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
                self.points(series)
            ),
        );
    }

    fn level(&self, picture: &mut String, value: f64, label: &str) {
        let (y, right) = (self.y(value), WIDTH - RIGHT);
        add(
            picture,
            format_args!(
                "<line x1=\"{LEFT}\" y1=\"{y}\" x2=\"{right}\" y2=\"{y}\" stroke=\"#000000\" stroke-dasharray=\"4 3\"/>\n\
                 <text x=\"{right}\" y=\"{}\" text-anchor=\"end\">{label}</text>",
                y - 6.0
            ),
        );
    }
}

fn legend(picture: &mut String, study: &Study) {
    let mut x = LEFT + 110.0;
    for priority in study.figures().priorities() {
        let place = priority.index();
        let p95 = words(study.figures().waits[place].p95);
        add(
            picture,
            format_args!(
                "<text x=\"{x}\" y=\"234\" fill=\"{}\">{priority}, wait p95 {p95}</text>",
                COLOURS[place]
            ),
        );
        x += 230.0;
    }
}

fn times(picture: &mut String, study: &Study) {
    let whole = offset(study.run.end);
    for quarter in 0..=4_u32 {
        let x = Diagram::x(quarter as usize, 5);
        let anchor = match quarter {
            0 => "start",
            4 => "end",
            _ => "middle",
        };
        let label = words(whole * quarter / 4);
        add(
            picture,
            format_args!("<text x=\"{x}\" y=\"392\" text-anchor=\"{anchor}\">{label}</text>"),
        );
    }
}

fn add(picture: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(picture, "{line}").expect("a string takes every text");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
