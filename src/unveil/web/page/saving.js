// What can be taken away: pictures, and all of them in one file.

/** Save a blob under a name. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Return a picture as JPEG; what its label says stands in it as a comment. */
export async function asJpeg(blob, label) {
  const bitmap = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height), pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, bitmap.width, bitmap.height);
  pen.drawImage(bitmap, 0, 0);
  const jpeg = new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 })).arrayBuffer());
  if (!label) return new Blob([jpeg], { type: "image/jpeg" });
  const words = new TextEncoder().encode(label), size = words.length + 2;
  const comment = [new Uint8Array([0xff, 0xfe, size >> 8, size & 255]), words];
  return new Blob([jpeg.subarray(0, 2), ...comment, jpeg.subarray(2)], { type: "image/jpeg" });
}

const TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Return a ZIP file of files, each a name and a blob, stored as they are. */
export async function zipped(files) {
  const parts = [], ends = [];
  let at = 0;
  for (const [name, blob] of files) {
    const content = new Uint8Array(await blob.arrayBuffer()), path = new TextEncoder().encode(name);
    // Version 2.0, names in UTF-8, stored, of 1 January 1980.
    const about = [20, 0x800, 0, 0, 0x21], sizes = [crc32(content), content.length, content.length];
    const head = fields([[0x04034b50], [], about, sizes, path.length, 0]);
    ends.push(fields([[0x02014b50], [20], about, sizes, path.length, 0, 0, 0, 0, [0], [at]]), path);
    parts.push(head, path, content);
    at += head.length + path.length + content.length;
  }
  const size = ends.reduce((sum, part) => sum + part.length, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  for (const [offset, value] of [[8, files.length], [10, files.length]]) end.setUint16(offset, value, true);
  end.setUint32(12, size, true);
  end.setUint32(16, at, true);
  return new Blob([...parts, ...ends, end.buffer], { type: "application/zip" });
}

/** Lay out the fields of a header: signature, [made by], five of 16 bits, three of 32, the rest. */
function fields([signature, madeBy, about, sizes, ...rest]) {
  const bytes = [];
  const put = (value, width) => { for (let byte = 0; byte < width; byte++) bytes.push((value >>> (8 * byte)) & 255); };
  put(signature[0], 4);
  for (const value of [...madeBy, ...about]) put(value, 2);
  for (const value of sizes) put(value, 4);
  for (const value of rest) Array.isArray(value) ? put(value[0], 4) : put(value, 2);
  return new Uint8Array(bytes);
}
