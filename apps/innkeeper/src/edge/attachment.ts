import { downloadName } from '@innkeeper/kit';

/** The header by which a browser saves an answer under this name, without what a guest's name must not have. */
export function attachment(name: string): { readonly 'content-disposition': string } {
  return { 'content-disposition': `attachment; filename*=UTF-8''${encodeName(downloadName(name))}` };
}

/** As RFC 8187 wants it: no more than letters, digits and a few marks stand for themselves. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll(/['()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
}
