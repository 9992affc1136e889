export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The body; empty if there was none. */
  readonly body: Record<string, unknown>;
  /** The reason of an error. */
  readonly reason: string;
}

/** Calls a method as plain JSON over HTTP: `method` is "AccessService/GetMe", or a full name. */
export async function callJson(
  base: string,
  method: string,
  request: object = {},
  headers: Record<string, string> = {},
): Promise<JsonAnswer> {
  const answer = await fetch(`${base}/${/^[a-z]/.test(method) ? method : `innkeeper.control.v1.${method}`}`, {
    method: 'POST',
    body: JSON.stringify(request),
    headers: { 'content-type': 'application/json', ...headers },
  });
  const text = await answer.text();
  const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  const reason = answer.headers.get('x-innkeeper-reason') ?? String(body['reason'] ?? '');
  return { status: answer.status, headers: answer.headers, body, reason };
}
