/** The bytes of a request that tells a manager the guest's address. */
export function printAddressReport(options: {
  /** "ADDRESS:PORT" of the manager. */
  readonly manager: string;
  readonly vmId: string;
  readonly address: string;
  readonly token: string | undefined;
}): Uint8Array {
  const { manager, vmId, address, token } = options;
  const body = JSON.stringify({ guest_ip: address });
  const head = [
    `POST /v1/vms/${encodeURIComponent(vmId)}/guest-ip HTTP/1.1`,
    `Host: ${manager}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    'Connection: close',
  ].join('\r\n');
  return new TextEncoder().encode(`${head}\r\n\r\n${body}`);
}

/** The status in the first bytes of a response: undefined while they are too few, 0 if they are not HTTP/1. */
export function statusOf(bytes: Uint8Array): number | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 13));
  const [, status] = /^HTTP\/1\.\d (\d{3})[ \r]/.exec(text) ?? [];
  if (status !== undefined) return Number(status);
  return bytes.length < 13 && 'HTTP/1.'.startsWith(text.slice(0, 7)) ? undefined : 0;
}
