import { useLocation } from '@tanstack/react-router'

const TOKEN = /^[0-9a-f]{64}$/

/** What a link of a mail proves: it stands behind `#`, which no server and no log gets to see. */
export function useLinkToken(): string | null {
  const hash = useLocation({ select: (location) => location.hash })
  return TOKEN.test(hash) ? hash : null
}
