// Where a term stands in the heatmaps, and which term a cell shows. Rows and columns count cells
// from 0, steps t and lags k from 1; a cell is a block of terms: as many columns as rows, but for a
// log axis.

export class Cells {
  // The axis of the columns is "lag", the same on a "log" scale, or for the source step
  // j = t + 1 - k "source". On a log scale `columns` has the first lag of each column, and T + 1.
  constructor({ T, block, axis, columns }) {
    Object.assign(this, { T, block, axis, columns });
  }

  // The row and column in which a term lies.
  cellOf(t, k) {
    return [this.row(t), this.column(this.axis === "source" ? t + 1 - k : k)];
  }

  row(t) {
    return Math.floor((t - 1) / this.block);
  }

  // The column of a lag, or of a source step.
  column(step) {
    if (!this.columns) return Math.floor((step - 1) / this.block);
    const behind = this.columns.findIndex((first) => first > step);
    return (behind < 0 ? this.columns.length - 1 : behind) - 1;
  }

  // The t and k of the term that a cell shows: the only one of its block, or the largest, whose
  // place in the block is given.
  termOf(row, column, place = 0) {
    const [first, end] = this.ends(column);
    const t = row * this.block + Math.floor(place / (end - first)) + 1;
    const other = first + (place % (end - first));
    return this.axis === "source" ? [t, t + 1 - other] : [t, other];
  }

  // The first lag or source step of a column, and the one behind its last.
  ends(column) {
    if (this.columns) return [this.columns[column], this.columns[column + 1]];
    return [column * this.block + 1, (column + 1) * this.block + 1];
  }

  // Where the middle of a cell stands on both axes, down and across.
  middle(row, column) {
    const [first, end] = this.ends(column);
    const across = this.columns ? Math.sqrt(first * (end - 1)) : 0.5 * (first + end - 1);
    return [row * this.block + 0.5 * (this.block - 1) + 1, across];
  }

  // The first and last step of a row.
  rowSteps(row) {
    const first = row * this.block + 1;
    return [first, Math.min(first + this.block - 1, this.T)];
  }

  // The first and last lag or source step of a column.
  columnSteps(column) {
    const [first, end] = this.ends(column);
    return [first, Math.min(end - 1, this.T)];
  }

  // The nearest cell that has a term.
  nearest(row, column) {
    const down = Math.min(Math.max(row, 0), this.row(this.T));
    const last = this.column(this.rowSteps(down)[1]);
    return [down, Math.min(Math.max(column, 0), last)];
  }
}

export const isTerm = (t, k) => k >= 1 && k <= t;
