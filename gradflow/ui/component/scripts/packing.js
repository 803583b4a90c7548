// The reverse of packing.py, which describes the message.

const TYPES = {
  f4: Float32Array,
  f8: Float64Array,
  i4: Int32Array,
  i1: Int8Array,
  u1: Uint8Array,
  u2: Uint16Array,
};

// The content of a message: an array of one axis is a typed array, one of two a list of its rows.
export function unpacked(bytes) {
  // A message begins anywhere, a typed array at a multiple of its size: hence the copy.
  const { buffer } = bytes.slice();
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const start = 8 + Math.ceil(length / 8) * 8;
  const json = new TextDecoder().decode(new Uint8Array(buffer, 8, length));
  return JSON.parse(json, (_, value) => (value?.array ? numbers(buffer, start, value) : value));
}

function numbers(buffer, start, { array, shape, at, triangle }) {
  const Type = TYPES[array];
  const [rows, columns = 1] = shape;
  const count = triangle ? (rows * (rows + 1)) / 2 : rows * columns;
  const cells = new Type(buffer, start + at, count);
  if (shape.length === 1) return cells;
  const row = triangle ? triangleRow : squareRow;
  return Array.from({ length: rows }, (_, index) => row(cells, index, columns));
}

const squareRow = (cells, row, columns) => cells.subarray(row * columns, (row + 1) * columns);

// The row up to the diagonal, and nothing behind it.
function triangleRow(cells, row, columns) {
  const first = (row * (row + 1)) / 2;
  const whole = new cells.constructor(columns).fill(NaN); // an array of whole numbers makes it 0
  whole.set(cells.subarray(first, first + row + 1));
  return whole;
}
