// Pictures from a file, the clipboard, drag and drop, or the camera.

import { find, showError } from "./dom.js";

/** Call `use(bitmap, blob)` for every picture of the user. */
export function pictureInput(dropArea, use) {
  async function open(blob) {
    try {
      use(await createImageBitmap(blob), blob);
      showError();
    } catch {
      showError(`${blob.name ?? "This"} cannot be opened as a picture; choose a PNG or JPEG.`);
    }
  }

  for (const input of [find("file"), find("capture")]) {
    input.addEventListener("change", () => {
      if (input.files[0]) open(input.files[0]);
      input.value = "";
    });
  }
  find("choose").addEventListener("click", () => find("file").click());

  const pictureIn = (transfer) => [...(transfer?.files ?? [])].find((file) => file.type.startsWith("image/"));
  document.addEventListener("paste", (event) => {
    const file = pictureIn(event.clipboardData);
    if (file) open(file);
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    dropArea.classList.add("over");
  });
  document.addEventListener("dragleave", () => dropArea.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    dropArea.classList.remove("over");
    const file = pictureIn(event.dataTransfer);
    if (file) open(file);
    else if (event.dataTransfer.files.length) showError("That is not a picture; drop a PNG or JPEG.");
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
