import { ChevronDown } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { Button } from '~/ui/lib/Button'
import { Menu, MenuChoice } from '~/ui/lib/Menu'
import { type Refresh, REFRESH_NAMES } from '~/util/searches'

export interface RefreshMenuProps {
  value: Refresh
  onChange: (value: Refresh) => void
}

export function RefreshMenu({ value, onChange }: RefreshMenuProps) {
  const { t } = useTranslation('cdrs')
  return (
    <Menu
      trigger={
        <Button size="toolbar">
          {t('refresh.value', { interval: t(`refresh.${value}`) })}
          <ChevronDown aria-hidden size={14} strokeWidth={1.75} />
        </Button>
      }
    >
      <MenuChoice
        label={t('refresh.label')}
        value={value}
        options={REFRESH_NAMES.map((name) => ({ value: name, label: t(`refresh.${name}`) }))}
        onChange={onChange}
      />
    </Menu>
  )
}
