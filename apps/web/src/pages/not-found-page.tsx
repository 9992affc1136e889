import { Button } from '@mantine/core';
import type { JSX } from 'react';
import { Link } from 'react-router';
import { EmptyState } from '../components/empty-state.tsx';
import { Page } from '../components/page.tsx';

/** Shown for unknown addresses. */
export function NotFoundPage(): JSX.Element {
  return (
    <Page title="Page not found">
      <EmptyState
        title="There is no page at this address"
        action={
          <Button component={Link} to="/">
            Go to the overview
          </Button>
        }
      >
        The page may have been moved, or the address is incomplete.
      </EmptyState>
    </Page>
  );
}
