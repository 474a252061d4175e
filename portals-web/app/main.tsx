import './ui/theme.css'
import './i18n'

import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { isSignedOut, mayPass } from '~/api/errors'
import { sessionQuery } from '~/api/queries'
import { buildRouter } from '~/routes'
import { applyLanguage } from '~/stores/language'
import { applyTheme } from '~/stores/theme'

/** The shell watches the session and leads to the sign-in page. */
const onError = (error: unknown) => {
  if (isSignedOut(error)) queryClient.setQueryData(sessionQuery.queryKey, null)
}

const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: false,
      // A screen says what is wrong at once; only a lost network is tried once more in silence.
      retry: (failures, error) => failures < 1 && mayPass(error),
      retryDelay: 500,
    },
  },
})

applyTheme()

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no element with the id "root"')

const shown = createRoot(root)
void applyLanguage().then(() =>
  shown.render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={buildRouter(queryClient)} />
      </QueryClientProvider>
    </StrictMode>,
  ),
)
