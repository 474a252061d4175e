import { useTranslation } from 'react-i18next'

import { configuration } from '~/i18n/en/configuration'

type KnownKind = keyof typeof configuration.kind

/** The name of a kind of resource. One that is newer than this console is shown by its own name. */
export function useKindName(): (kind: string) => string {
  const { t } = useTranslation('configuration')
  return (kind) => {
    if (isKnown(kind)) return t(`kind.${kind}`)
    const words = kind.replaceAll('_', ' ')
    return words.charAt(0).toUpperCase() + words.slice(1)
  }
}

function isKnown(kind: string): kind is KnownKind {
  return Object.hasOwn(configuration.kind, kind)
}
