import * as testing from '@innkeeper/kit/testing';

/** Polls another program until it answers; errors mean "not yet". The last one is the cause of a timeout. */
export const until: typeof testing.until = (ask) => testing.until(ask, { everyMs: 50, retryErrors: true });
