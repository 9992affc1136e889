import { quoteWord } from '@innkeeper/kit';
import type { FileOrder } from './file-order.ts';
import { parentPath } from './file-path.ts';
import { octalMode } from './format-mode.ts';

/** `inn` commands that are equivalent to the page's actions. */
export const fileCommands = {
  list: (vm: string, path: string, { key, descending, hidden }: FileOrder) =>
    `inn files ls ${location(vm, path)}${key === 'name' ? '' : ` --sort ${key}`}${descending ? ' --reverse' : ''}${hidden ? ' --all' : ''}`,
  upload: (vm: string, folder: string) => `inn cp FILE ${location(vm, folder === '/' ? '/' : `${folder}/`)}`,
  download: (vm: string, path: string) => `inn cp ${location(vm, path)} .`,
  downloadFolder: (vm: string, path: string) => `inn cp -r ${location(vm, path)} .`,
  show: (vm: string, path: string) => `inn cp ${location(vm, path)} -`,
  save: (vm: string, path: string) => `inn cp - ${location(vm, path)}`,
  makeFolder: (vm: string, path: string) => `inn files mkdir ${location(vm, path)}`,
  rename: (vm: string, from: string, to: string) => `inn files mv ${location(vm, from)} ${quoteWord(to)}`,
  remove: (vm: string, path: string, recursive: boolean) =>
    `inn files rm${recursive ? ' -r' : ''} ${location(vm, path)}`,
  setMode: (vm: string, path: string, mode: number, recursive: boolean) =>
    `inn files chmod${recursive ? ' -R' : ''} ${octalMode(mode)} ${location(vm, path)}`,
  setOwner: (vm: string, path: string, owner: string, recursive: boolean) =>
    `inn files chown${recursive ? ' -R' : ''} ${quoteWord(owner)} ${location(vm, path)}`,
};

/** The labelled commands for one entry. */
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

function location(vm: string, path: string): string {
  return quoteWord(`${vm}:${path}`);
}
