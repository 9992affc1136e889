/** Imported first, for its side effect: `host` is then the fake port. */
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'host'
      ? { url: new URL('./fake-port.ts', import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
});
