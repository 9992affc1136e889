/** What is kept of a running VM so that another daemon finds it again. JSON. */
export interface VmRecord {
  readonly id: string;
  /** Name of the driver that started it. */
  readonly driver: string;
  /** What that driver needs to find it; nobody else looks into it. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * Reads a stored record. Earlier daemons kept the fields of the payload next to `id` and `driver`; such a record is
 * read as well, so that a VM that runs during an upgrade is found. Undefined when the text is no record.
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
