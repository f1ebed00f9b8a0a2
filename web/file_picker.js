// Files that are chosen in the dialog of the browser, or dropped anywhere on the page.

/** Calls `open(file)` for each. */
export function watchFiles(input, open) {
  input.addEventListener('change', () => {
    const [file] = input.files;
    input.value = '';  // so that the same file can be chosen again
    if (file) open(file);
  });

  // Elements within the page are entered and left while a file moves over it.
  let depth = 0;
  const show = () => document.body.classList.toggle('dropping', depth > 0);
  const hasFiles = (event) => event.dataTransfer?.types.includes('Files');
  addEventListener('dragenter', (event) => {
    if (!hasFiles(event)) return;
    ++depth;
    show();
  });
  addEventListener('dragleave', (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    show();
  });
  addEventListener('dragover', (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    show();
    const [file] = event.dataTransfer.files;
    if (file) open(file);
  });
}
