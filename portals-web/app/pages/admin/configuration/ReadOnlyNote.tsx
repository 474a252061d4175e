import { useTranslation } from 'react-i18next'

/** Where the configuration is changed, as long as it is not changed here. */
export function ReadOnlyNote() {
  const { t } = useTranslation('configuration')
  const [before, after] = t('readOnly', { command: '|' }).split('|')
  return (
    <p className="text-meta text-ink-3">
      {before}
      <code className="rounded-badge bg-subtle px-1 py-0.5 font-mono text-ink-2">
        didtron apply -f
      </code>
      {after}
    </p>
  )
}
