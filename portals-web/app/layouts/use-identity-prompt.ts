import { useEffect, useState } from 'react'

import { setIdentityPrompt } from '~/api/identity'

type Answer = (isConfirmed: boolean) => void

/** The question whether it is still the user; null while nobody asks. */
export function useIdentityPrompt(): Answer | null {
  const [waiting, setWaiting] = useState<readonly Answer[]>([])
  useEffect(() => {
    setIdentityPrompt(() => new Promise((answer) => setWaiting((before) => [...before, answer])))
    return () => setIdentityPrompt(null)
  }, [])
  if (waiting.length === 0) return null
  // Requests that ask at the same time are answered together.
  return (isConfirmed) => {
    setWaiting([])
    for (const answer of waiting) answer(isConfirmed)
  }
}
