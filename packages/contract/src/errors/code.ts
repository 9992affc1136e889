/** Connect's codes: https://connectrpc.com/docs/protocol#error-codes. The numbers are gRPC's. */
export const codes = {
  canceled: 1,
  unknown: 2,
  invalid_argument: 3,
  deadline_exceeded: 4,
  not_found: 5,
  already_exists: 6,
  permission_denied: 7,
  resource_exhausted: 8,
  failed_precondition: 9,
  aborted: 10,
  out_of_range: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  data_loss: 15,
  unauthenticated: 16,
} as const;

export type CodeName = keyof typeof codes;

/** The name of a code number; `unknown` for any other number. */
export function codeName(code: number): CodeName {
  for (const name of Object.keys(codes) as CodeName[]) if (codes[name] === code) return name;
  return 'unknown';
}
