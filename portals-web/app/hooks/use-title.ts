import { useEffect } from 'react'

/** `Record - Section - DIDTron`, most special first. */
export function useTitle(...parts: string[]): void {
  const title = [...parts, 'DIDTron'].join(' - ')
  useEffect(() => {
    document.title = title
  }, [title])
}
