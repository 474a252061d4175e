import { useTranslation } from 'react-i18next'

export interface JsonTextProps {
  value: unknown
}

/** A value as it is stored; nothing is said in words. */
export function JsonText({ value }: JsonTextProps) {
  const { t } = useTranslation()
  if (value === undefined || value === null) {
    return <span className="text-ink-3">{t('notSet')}</span>
  }
  return (
    <span className="min-w-0 font-mono text-meta break-words whitespace-pre-wrap">
      {typeof value === 'string' ? value : JSON.stringify(value)}
    </span>
  )
}
