import { ArrowDown, ArrowUp, X } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { IconButton } from '~/ui/lib/IconButton'

export interface ItemActionsProps {
  /** What the item is called. */
  name: string
  isFirst: boolean
  isLast: boolean
  /** Left out where the order says nothing. */
  onMove?: (by: 1 | -1) => void
  onRemove: () => void
}

/** Up, down, away. */
export function ItemActions({ name, isFirst, isLast, onMove, onRemove }: ItemActionsProps) {
  const { t } = useTranslation('fields')
  return (
    <span className="flex shrink-0">
      {onMove ? (
        <>
          <IconButton
            icon={ArrowUp}
            size="small"
            label={t('moveUp', { name })}
            disabled={isFirst}
            onClick={() => onMove(-1)}
          />
          <IconButton
            icon={ArrowDown}
            size="small"
            label={t('moveDown', { name })}
            disabled={isLast}
            onClick={() => onMove(1)}
          />
        </>
      ) : null}
      <IconButton icon={X} size="small" label={t('remove', { name })} onClick={onRemove} />
    </span>
  )
}

/** The list with one item a place up or down. */
export function moved<T>(items: readonly T[], index: number, by: 1 | -1): T[] {
  const next = [...items]
  const [item] = next.splice(index, 1)
  if (item !== undefined) next.splice(index + by, 0, item)
  return next
}
