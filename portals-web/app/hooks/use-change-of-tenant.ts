import { useQueryClient } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'

import type { Session } from '~/api/__generated__/schema'
import { sessionQuery } from '~/api/queries'
import { pb } from '~/util/path-builder'

/** Goes on in another tenant: nothing that was seen in the one before stays. */
export function useChangeOfTenant(): (session: Session) => Promise<void> {
  const client = useQueryClient()
  const router = useRouter()
  return async (session) => {
    client.setQueryData(sessionQuery.queryKey, session)
    await router.navigate(pb.home())
    await client.resetQueries({
      predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0],
    })
  }
}
