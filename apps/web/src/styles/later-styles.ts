declare const INNKEEPER_LATER_STYLES: string;

let loading: Promise<void> | undefined;

/** Style sheets that the first page does not need. Resolves when they are there, or cannot be had. */
export function loadLaterStyles(): Promise<void> {
  loading ??= new Promise((resolve) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = INNKEEPER_LATER_STYLES;
    link.onload = () => resolve();
    // A page without them is plain and works.
    link.onerror = () => resolve();
    document.head.append(link);
  });
  return loading;
}
