import { useEffect, useState } from 'react'

import { loadTexts } from '~/i18n'

import type * as layersModule from './layers'

type Layers = typeof layersModule

/** The first paint goes first. */
const FETCH_AFTER_MS = 1_000

/**
 * The palette and the help, or null until they are fetched: after a moment, or at once when one of
 * them is wanted. Not by `lazy`, whose boundary may hold back what is there for 300 ms.
 */
export function useLayers(isWanted: boolean): Layers | null {
  const [layers, setLayers] = useState<Layers | null>(null)
  useEffect(() => {
    if (layers) return undefined
    const load = () => {
      Promise.all([import('./layers'), loadTexts('palette')]).then(
        ([module]) => setLayers(module),
        () => {
          // Without the network it is tried again when a layer is wanted the next time.
        },
      )
    }
    if (isWanted) {
      load()
      return undefined
    }
    const timer = setTimeout(load, FETCH_AFTER_MS)
    return () => clearTimeout(timer)
  }, [isWanted, layers])
  return layers
}
