import { quoteWord } from '../../../format/quote-word.ts';
import type { FileOrder } from './file-order.ts';
import { parentPath } from './file-path.ts';
import { octalMode } from './format-mode.ts';

/** `inn` commands that do what the page does. */
export const fileCommands = {
  list: (vm: string, path: string, { key, descending, hidden }: FileOrder) =>
    `inn files ls ${place(vm, path)}${key === 'name' ? '' : ` --sort ${key}`}${descending ? ' --reverse' : ''}${hidden ? ' --all' : ''}`,
  upload: (vm: string, folder: string) => `inn cp FILE ${place(vm, folder === '/' ? '/' : `${folder}/`)}`,
  download: (vm: string, path: string) => `inn cp ${place(vm, path)} .`,
  downloadFolder: (vm: string, path: string) => `inn cp -r ${place(vm, path)} .`,
  show: (vm: string, path: string) => `inn cp ${place(vm, path)} -`,
  save: (vm: string, path: string) => `inn cp - ${place(vm, path)}`,
  makeFolder: (vm: string, path: string) => `inn files mkdir ${place(vm, path)}`,
  rename: (vm: string, from: string, to: string) => `inn files mv ${place(vm, from)} ${quoteWord(to)}`,
  remove: (vm: string, path: string, recursive: boolean) => `inn files rm${recursive ? ' -r' : ''} ${place(vm, path)}`,
  setMode: (vm: string, path: string, mode: number, recursive: boolean) =>
    `inn files chmod${recursive ? ' -R' : ''} ${octalMode(mode)} ${place(vm, path)}`,
  setOwner: (vm: string, path: string, owner: string, recursive: boolean) =>
    `inn files chown${recursive ? ' -R' : ''} ${quoteWord(owner)} ${place(vm, path)}`,
};

/** What can be done with one entry, named, for the list of commands. */
export function commandsOf(
  vm: string,
  path: string,
  folder: boolean,
): { readonly label: string; readonly command: string }[] {
  return [
    folder
      ? { label: 'Download', command: fileCommands.downloadFolder(vm, path) }
      : { label: 'Download', command: fileCommands.download(vm, path) },
    { label: 'Rename', command: fileCommands.rename(vm, path, `${parentPath(path).replace(/\/$/, '')}/NEW-NAME`) },
    { label: 'Mode', command: fileCommands.setMode(vm, path, folder ? 0o755 : 0o644, false) },
    { label: 'Owner', command: fileCommands.setOwner(vm, path, 'root:root', false) },
    { label: 'Delete', command: fileCommands.remove(vm, path, folder) },
  ];
}

function place(vm: string, path: string): string {
  return quoteWord(`${vm}:${path}`);
}
