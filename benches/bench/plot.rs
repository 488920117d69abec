//! Bars beside each other, as SVG: for each row one of each contestant, and lines across all of them for what they are held against.

use std::fmt::Write;

use crate::results::round;

/// Colours that are told apart also by people who see few, and on both light and dark grounds.
const COLOURS: [&str; 4] = ["#3b82c4", "#e08a2c", "#3f9c6b", "#8b6bb8"];

const WIDTH: f64 = 820.0;
const LABELS: f64 = 250.0;
const VALUES: f64 = 70.0;
const BAR: f64 = 16.0;
const TOP: f64 = 58.0;

/// What is drawn.
pub struct Bars {
    pub title: String,
    /// Of all values.
    pub unit: &'static str,
    /// The contestants, in the order of the values.
    pub of: Vec<String>,
    /// What each row is, and the value of each contestant, if it has one.
    pub rows: Vec<(String, Vec<Option<f64>>)>,
    /// Lines across all rows.
    pub marks: Vec<(String, f64)>,
}

impl Bars {
    /// The drawing. None if there is nothing to draw.
    pub fn svg(&self) -> Option<String> {
        let values = self.rows.iter().flat_map(|(_, values)| values.iter().flatten());
        let most = values.chain(self.marks.iter().map(|(_, value)| value)).copied().fold(0.0, f64::max);
        if most <= 0.0 || self.rows.is_empty() {
            return None;
        }
        let scale = (WIDTH - LABELS - VALUES) / most;
        let row = BAR * self.of.len() as f64 + 10.0;
        let bottom = TOP + row * self.rows.len() as f64;
        let height = bottom + 16.0 * self.marks.len() as f64 + 8.0;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
             font-size=\"12\" fill=\"#777\">\n"
        );
        let mut add = |line: String| {
            let _ = writeln!(svg, "{line}");
        };
        let (title, unit) = (escaped(&self.title), self.unit);
        add(format!("<text x=\"8\" y=\"20\" font-size=\"15\" font-weight=\"bold\">{title}, {unit}</text>"));
        for (at, of) in self.of.iter().enumerate() {
            let (x, colour) = (LABELS + 110.0 * at as f64, COLOURS[at % COLOURS.len()]);
            add(format!("<rect x=\"{x}\" y=\"32\" width=\"11\" height=\"11\" fill=\"{colour}\"/>"));
            add(format!("<text x=\"{}\" y=\"42\">{}</text>", x + 16.0, escaped(of)));
        }
        for (at, (label, values)) in self.rows.iter().enumerate() {
            let y = TOP + row * at as f64;
            let middle = y + row / 2.0;
            add(format!(
                "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{}</text>",
                LABELS - 8.0,
                escaped(label)
            ));
            for (of, value) in values.iter().enumerate() {
                let Some(value) = value else { continue };
                let (y, width, colour) = (y + BAR * of as f64, value * scale, COLOURS[of % COLOURS.len()]);
                add(format!(
                    "<rect x=\"{LABELS}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{colour}\"/>",
                    BAR - 3.0
                ));
                let (x, y) = (LABELS + width + 5.0, y + BAR - 5.0);
                add(format!("<text x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", round(*value)));
            }
        }
        for (at, (label, value)) in self.marks.iter().enumerate() {
            let (x, y) = (LABELS + value * scale, bottom + 16.0 * (at + 1) as f64);
            add(format!(
                "<path d=\"M{x:.1} {TOP}V{:.1}\" stroke=\"#c33\" stroke-dasharray=\"4 3\" fill=\"none\"/>",
                y - 10.0
            ));
            let label = escaped(label);
            add(format!("<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"#c33\">{label}: {}</text>", round(*value)));
        }
        add("</svg>".to_owned());
        Some(svg)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
