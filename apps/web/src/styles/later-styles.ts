declare const INNKEEPER_LATER_STYLES: string;

let loading: Promise<void> | undefined;

/** Loads the style sheets that the first page does not need. Resolves when they are loaded or have failed. */
export function loadLaterStyles(): Promise<void> {
  loading ??= new Promise((resolve) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = INNKEEPER_LATER_STYLES;
    link.onload = () => resolve();
    // A page works without them.
    link.onerror = () => resolve();
    document.head.append(link);
  });
  return loading;
}
