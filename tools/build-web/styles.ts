import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const mantine = 'node_modules/@mantine/core/styles';

/** Mantine's style sheets for the shell and the overview, in the order that Mantine requires. */
const firstComponents = [
  ...['default-css-variables', 'baseline', 'global', 'VisuallyHidden', 'UnstyledButton', 'Group', 'Stack'],
  ...[
    'Text',
    'Title',
    'Anchor',
    'Button',
    'ActionIcon',
    'Loader',
    'Badge',
    'Code',
    'Kbd',
    'Input',
    'PasswordInput',
    'Checkbox',
  ],
];

/** Style sheets that a page needs before it shows anything, as imports. */
export function firstStyles(root: string): string[] {
  return [...firstComponents.map((name) => `./${mantine}/${name}.layer.css`), ...ownStyles(root).filter(isFirst)];
}

/** Style sheets of the rest of Mantine, of other libraries and of lazy pages; loaded in parallel to the first page. */
export function laterStyles(root: string): string[] {
  const rest = readdirSync(join(root, mantine))
    .filter((name) => name.endsWith('.layer.css') && !firstComponents.includes(name.slice(0, -'.layer.css'.length)))
    .sort((one, other) => weight(one) - weight(other) || one.localeCompare(other));
  return [
    ...rest.map((name) => `./${mantine}/${name}`),
    './node_modules/@xterm/xterm/css/xterm.css',
    './node_modules/uplot/dist/uPlot.min.css',
    ...ownStyles(root).filter((path) => !isFirst(path)),
  ];
}

/** Sorts components before those that are built on them. */
const foundations = [
  'ScrollArea',
  'Overlay',
  'Paper',
  'Popover',
  'CloseButton',
  'ModalBase',
  'FloatingIndicator',
  'Combobox',
];

function weight(name: string): number {
  const index = foundations.indexOf(name.replace('.layer.css', ''));
  return index < 0 ? foundations.length : index;
}

/** Whether the shell or the overview needs the sheet, which are shown before the later ones are loaded. */
function isFirst(path: string): boolean {
  return !/\/src\/(pages\/(?!overview\/)|components\/(emulator\/|code-editor))/.test(path);
}

/** The console's own: styles/ first, then those next to components and pages. They take precedence over Mantine's layer. */
function ownStyles(root: string): string[] {
  const source = join(root, 'apps', 'web', 'src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.css'))
    .sort(
      (one, other) => Number(other.startsWith('styles/')) - Number(one.startsWith('styles/')) || (one < other ? -1 : 1),
    );
  return files.map((name) => `./apps/web/src/${name}`);
}
