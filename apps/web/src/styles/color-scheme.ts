/*
 * Runs before the first paint, so that a dark page does not flash white. Mantine stores the choice under this key.
 */
const key = 'mantine-color-scheme-value';

function chosen(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    // Storage may be blocked; the system's setting then applies.
    return null;
  }
}

const choice = chosen();
const dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
