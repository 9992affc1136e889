interface AllocatedBytes extends Disposable {
  /** Bytes of typed arrays that were made by their length since the start. */
  readonly count: number;
}

/**
 * Counts what `new Uint8Array(length)` and the like allocate, until it is disposed: a length field that is believed shows
 * even if nothing is written there.
 */
export function countAllocatedBytes(): AllocatedBytes {
  const original = globalThis.Uint8Array;
  let count = 0;
  globalThis.Uint8Array = new Proxy(original, {
    construct: (target, parameters: unknown[], newTarget): object => {
      if (typeof parameters[0] === 'number') count += parameters[0];
      return Reflect.construct(target, parameters, newTarget) as object;
    },
  });
  return {
    get count() {
      return count;
    },
    [Symbol.dispose]: () => {
      globalThis.Uint8Array = original;
    },
  };
}
