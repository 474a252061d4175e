import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterContextProvider } from '@tanstack/react-router'
import { render } from '@testing-library/react'
import type { ReactElement } from 'react'
import { vi } from 'vitest'

import { useShortcutListener } from '~/hooks/use-shortcut'
import { buildRouter } from '~/routes'

function Shortcuts() {
  useShortcutListener()
  return null
}

/** Renders with the real routes around it, so that links have real addresses. Going there is spied on. */
export function renderWithRouter(element: ReactElement) {
  const queryClient = new QueryClient()
  const router = buildRouter(queryClient)
  const navigate = vi.spyOn(router, 'navigate').mockResolvedValue()
  const wrap = (child: ReactElement) => (
    <QueryClientProvider client={queryClient}>
      <RouterContextProvider router={router}>
        <Shortcuts />
        {child}
      </RouterContextProvider>
    </QueryClientProvider>
  )
  const view = render(wrap(element))
  return { navigate, rerender: (next: ReactElement) => view.rerender(wrap(next)) }
}
