//! How figures are laid out on a terminal: columns, and a line of bars.

/// One bar for each value, of which `full` is the highest.
pub(crate) fn sparkline(values: &[f64], full: f64) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let bar = |value: &f64| {
        let place = (value / full * BARS.len() as f64) as usize;
        BARS[place.min(BARS.len() - 1)]
    };
    values.iter().map(bar).collect()
}

/// Cells below one another, two blanks before the first and three between two.
pub(crate) fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        format!("  {}", cells.join("   ")).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
