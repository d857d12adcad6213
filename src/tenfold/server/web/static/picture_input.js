// Pictures from a file, the clipboard, drag and drop, or the camera.

import { png, post } from "./api.js";
import { announce, find, showError } from "./dom.js";

/** Call `use(bitmap, blob)` for every picture of the user. */
export function pictureInput(dropArea, use) {
  async function open(blob) {
    try {
      use(await createImageBitmap(blob), blob);
      showError();
    } catch {
      await convert(blob);
    }
  }

  /** Open what the browser cannot decode, such as HEIC, TIFF and PDF, with the help of the service. */
  async function convert(blob) {
    try {
      const { image, pages } = await post("/v1/picture", blob, { type: blob.type || "image/heic" });
      use(await createImageBitmap(png(image)), png(image));
      showError();
      if (pages > 1) announce(`Page 1 of ${pages}; tenfold read reads all pages`, 100);
    } catch (error) {
      showError(`${blob.name ?? "This"} cannot be opened: ${error.message}`);
    }
  }

  for (const input of [find("file"), find("capture")]) {
    input.addEventListener("change", () => {
      if (input.files[0]) open(input.files[0]);
      input.value = "";
    });
  }
  find("choose").addEventListener("click", () => find("file").click());

  const fileIn = (transfer) => {
    const files = [...(transfer?.files ?? [])];
    return files.find((file) => file.type.startsWith("image/")) ?? files[0];
  };
  document.addEventListener("paste", (event) => {
    if (event.target.closest?.("input, textarea")) return;
    const file = fileIn(event.clipboardData);
    if (file) open(file);
    else showError("What was pasted is not a picture; copy a picture, or drop a file.");
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    dropArea.classList.add("over");
  });
  document.addEventListener("dragleave", () => dropArea.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    dropArea.classList.remove("over");
    const file = fileIn(event.dataTransfer);
    if (file) open(file);
    else showError("What was dropped is not a picture; drop a file.");
  });
  camera(open);
}

function camera(open) {
  const dialog = find("camera-dialog"), video = find("video");

  async function start() {
    if (!navigator.mediaDevices) { // only available on this machine or over HTTPS
      find("capture").click();
      return;
    }
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 1920 } },
      });
    } catch (error) {
      showError(error.name === "NotAllowedError"
        ? "The browser does not allow this page to use the camera; allow it, or choose a picture."
        : "No camera is available; choose a picture instead.");
      return;
    }
    dialog.showModal();
    await video.play();
  }

  async function takePhoto() {
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    canvas.getContext("2d").drawImage(video, 0, 0);
    await open(await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 }));
    dialog.close();
  }

  find("camera").addEventListener("click", start);
  find("take-photo").addEventListener("click", takePhoto);
  find("camera-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    for (const track of video.srcObject?.getTracks() ?? []) track.stop();
    video.srcObject = null;
  });
}
