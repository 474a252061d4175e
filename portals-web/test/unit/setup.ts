import { afterEach } from 'vitest'

// Only specs of components have a document; the others need none of this.
if (typeof document !== 'undefined') {
  const { AREAS, loadTexts } = await import('~/i18n')
  await loadTexts(...AREAS)
  const { cleanup } = await import('@testing-library/react')
  afterEach(cleanup)
  // What jsdom lacks and the console asks for.
  window.matchMedia ??= (query) =>
    ({
      matches: false,
      media: query,
      addEventListener: () => undefined,
      removeEventListener: () => undefined,
    }) as unknown as MediaQueryList
  window.scrollTo = () => undefined
}
