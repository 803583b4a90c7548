// Where a term stands in the heatmaps, and which term a cell shows. Rows and columns count cells
// from 0, steps t and lags k from 1; a cell is a block of block x block terms.

export class Cells {
  // The axis of the columns is "lag" or, for the source step j = t + 1 - k, "source".
  constructor({ T, block, axis }) {
    Object.assign(this, { T, block, axis });
  }

  // The row and column in which a term lies.
  cellOf(t, k) {
    const column = this.axis === "lag" ? k : t + 1 - k;
    return [t - 1, column - 1].map((index) => Math.floor(index / this.block));
  }

  // The t and k of the term that a cell shows: the only one of its block, or the largest, whose
  // place in the block is given.
  termOf(row, column, place = 0) {
    const t = row * this.block + Math.floor(place / this.block) + 1;
    const other = column * this.block + (place % this.block) + 1;
    return this.axis === "lag" ? [t, other] : [t, t + 1 - other];
  }

  // The row or column of a place on an axis.
  indexAt(step) {
    return Math.floor((step - 1) / this.block);
  }

  // Where the middle of a row or column stands on its axis.
  middle(index) {
    return index * this.block + 0.5 * (this.block - 1) + 1;
  }

  // The first and last step of a row or column.
  steps(index) {
    const first = index * this.block + 1;
    return [first, Math.min(first + this.block - 1, this.T)];
  }

  // The nearest cell of the triangle, whose rows have as many columns as they are far down.
  nearest(row, column) {
    const last = Math.ceil(this.T / this.block) - 1;
    const [down, across] = [row, column].map((index) => Math.min(Math.max(index, 0), last));
    return [down, Math.min(across, down)];
  }
}

export const isTerm = (t, k) => k >= 1 && k <= t;
