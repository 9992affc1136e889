/** The stored record of a running VM, by which the next daemon finds it. JSON. */
export interface VmRecord {
  readonly id: string;
  /** Name of the driver that started it. */
  readonly driver: string;
  /** The driver's data to find it; only that driver reads it. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * Parses a stored record. Earlier daemons stored the payload's fields next to `id` and `driver`; such a record is
 * accepted too, so that a VM that runs during an upgrade is found. Undefined if the text is not a record.
 */
export function parseVmRecord(json: string): VmRecord | undefined {
  const fields = parseObject(json);
  if (fields === undefined) return undefined;
  const { id, driver, payload, ...others } = fields;
  if (typeof id !== 'string' || typeof driver !== 'string') return undefined;
  if (payload === undefined) return { id, driver, payload: others };
  return isObject(payload) ? { id, driver, payload } : undefined;
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch {
    // Not JSON, so not a record.
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
