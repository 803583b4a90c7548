// The pictures of a film, which travel deflated, each as what it adds to the one before.

// A list with an array of bytes for each picture.
export async function pictures({ deflated, width }) {
  const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  for (let at = width; at < bytes.length; at += 1) bytes[at] += bytes[at - width];
  return Array.from({ length: bytes.length / width }, (_, picture) =>
    bytes.subarray(picture * width, (picture + 1) * width),
  );
}
