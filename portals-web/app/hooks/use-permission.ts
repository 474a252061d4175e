import { useQuery } from '@tanstack/react-query'

import { sessionQuery } from '~/api/queries'

/** Whether the session may do something. The switch decides; this only spares useless buttons. */
export function usePermission(name: string): boolean {
  const { data } = useQuery(sessionQuery)
  return data?.permissions.includes(name) ?? false
}
