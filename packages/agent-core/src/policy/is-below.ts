/** Whether a path is that of a folder or of something below it. Both are without "." and "..". */
export function isBelow(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}
