// Files that the server does not take: a copy made in the browser, or how to get one.

const TAKEN = /\.(jpe?g|jpe|jfif|png|webp|avif|tiff?|bmp)$/i, HEIC = /\.hei[cf]$/i, GIF = /\.gif$/i;
const REFUSED = /photo|pixels| MB/; // in what the server says of the file, not of itself
const QUALITY = 0.95;
const ELSEWHERE = "This browser cannot open the file. Save it as JPEG or PNG in another program, and choose that here.";
const EXPORT = "This browser cannot open HEIC photos. Export it as JPEG, for instance in the photo app of your phone or computer, and choose the JPEG here.";

/** Return what can be done with a photo that was refused: words, and a button's label and pixels; or nothing. */
export function wayOut(photo, limits) {
  if (photo.isClip || !REFUSED.test(photo.error)) return null;
  if (!photo.width) return { words: HEIC.test(photo.name) ? EXPORT : ELSEWHERE };
  const pixels = photo.width * photo.height;
  if (pixels > limits.max_pixels || photo.file.size > limits.max_mb * 2 ** 20) {
    const fewer = Math.min(pixels, limits.max_pixels);
    return { label: `Use a smaller copy (${millions(fewer)} megapixels)`, pixels: fewer };
  }
  if (TAKEN.test(photo.name) && !photo.error.includes("photo")) return null;
  return { label: GIF.test(photo.name) ? "Use its first picture, as a PNG copy" : "Use a PNG copy", pixels };
}

/** Return a copy of a photo of so many pixels at most, as a file, and what is said of it. */
export async function copyOf(photo, pixels, limits) {
  const image = new Image();
  image.src = photo.url;
  await image.decode();
  const scale = Math.min(1, Math.sqrt(pixels / (photo.width * photo.height)));
  const canvas = new OffscreenCanvas(Math.floor(photo.width * scale), Math.floor(photo.height * scale)), pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  let blob = await canvas.convertToBlob({ type: "image/png" });
  if (blob.size > limits.max_mb * 2 ** 20) blob = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  const kind = blob.type.replace("image/", ""), stem = photo.name.replace(/\.\w+$/, "");
  const file = new File([blob], `${stem}${scale < 1 ? "-smaller" : ""}.${kind.replace("jpeg", "jpg")}`, { type: blob.type });
  return { file, words: wordsOf(photo, canvas, scale < 1, kind.toUpperCase()) };
}

function wordsOf({ name, width, height }, canvas, isSmaller, kind) {
  const what = GIF.test(name) ? `the first picture of ${name}` : name;
  const size = isSmaller ? `, of ${millions(canvas.width * canvas.height)} instead of ${millions(width * height)} megapixels` : "";
  return `Everything here is about a ${kind} copy of ${what}${size}, made in this browser.${isSmaller ? " The original may show more." : ""}`;
}

const millions = (pixels) => (pixels / 1e6).toFixed(pixels < 1e7 ? 1 : 0).replace(/\.0$/, "");
