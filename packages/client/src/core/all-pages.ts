/** What every request for a list has. */
export interface PageOptions {
  readonly pageSize: number;
  readonly pageToken: string;
}

const pageSize = 1000;

/**
 * Returns everything that a list has, page by page: `await allPages((page) => client.vms.listVms(page), ({ vms }) => vms)`.
 * What is added or removed meanwhile may be missing or twice. Fails as the call does.
 */
export async function allPages<Answer extends { readonly nextPageToken: string }, Item>(
  list: (page: PageOptions) => Promise<Answer>,
  itemsOf: (answer: Answer) => readonly Item[],
): Promise<Item[]> {
  const items: Item[] = [];
  for (let pageToken = ''; ; ) {
    const answer = await list({ pageSize, pageToken });
    items.push(...itemsOf(answer));
    pageToken = answer.nextPageToken;
    if (pageToken === '') return items;
  }
}
