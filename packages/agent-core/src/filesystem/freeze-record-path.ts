export const freezeRecordFolder = '/run/innkeeper';

/** Exists while file systems are frozen, and after an agent was killed meanwhile. */
export const freezeRecordPath = `${freezeRecordFolder}/freeze.json`;
