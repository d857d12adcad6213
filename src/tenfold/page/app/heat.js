// Numbers as pictures: black for 0, orange above it and blue below, or grey where none is below.

const FOR = [240, 138, 75], AGAINST = [90, 180, 240], GREY = [255, 255, 255];

export const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;

/** Paint an image in grey, and over it what speaks for an answer in orange and against it in blue. */
export function paintEvidence(canvas, image, sums) {
  const pixels = new ImageData(canvas.width, canvas.height), most = largest(sums);
  for (let i = 0; i < image.length; i++) {
    const share = Math.sqrt(Math.min(1, Math.abs(sums[i]) / most)), color = sums[i] < 0 ? AGAINST : FOR;
    for (let k = 0; k < 3; k++) pixels.data[4 * i + k] = (image[i] / 255) * (110 * (1 - share) + color[k] * share);
    pixels.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

/** Paint values [height * width] on a canvas of that size; `most` is the value of full colour. */
export function paintHeat(canvas, values, most = largest(values), signed = values.some((value) => value < 0)) {
  const pixels = new ImageData(canvas.width, canvas.height);
  for (let i = 0; i < canvas.width * canvas.height; i++) {
    const color = signed ? (values[i] < 0 ? AGAINST : FOR) : GREY, share = Math.min(1, Math.abs(values[i]) / most);
    for (let k = 0; k < 3; k++) pixels.data[4 * i + k] = color[k] * share;
    pixels.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}
