/** A request of a QGA client. `arguments_` are the command's own, by their names in the schema. */
export function qgaRequest(
  command: string,
  arguments_: Readonly<Record<string, unknown>> = {},
): Uint8Array<ArrayBuffer> {
  const given = Object.keys(arguments_).length === 0 ? {} : { arguments: arguments_ };
  return new TextEncoder().encode(`${JSON.stringify({ execute: command, ...given })}\n`);
}

/**
 * Opens an exchange: 0xFF ends whatever an earlier client left half written, and the answer, marked by the same byte, shows
 * where answers to this client begin.
 */
export function qgaSyncRequest(id: number): Uint8Array<ArrayBuffer> {
  const request = qgaRequest('guest-sync-delimited', { id });
  const bytes = new Uint8Array(request.length + 1);
  bytes[0] = 0xff;
  bytes.set(request, 1);
  return bytes;
}
