/** What an error says, for a log or a VM's detail. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
