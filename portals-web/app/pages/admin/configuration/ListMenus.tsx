import { Columns3, Download, FileUp } from 'lucide-react'
import { useTranslation } from 'react-i18next'

import { exportAddress, type Kind, type ListParameters } from '~/api/resources'
import { useColumnName } from '~/table/columns/resource-columns'
import { Button } from '~/ui/lib/Button'
import { Menu, MenuCheck, MenuLink } from '~/ui/lib/Menu'
import { columnFields, FIXED_COLUMNS } from '~/util/columns'

export interface ListMenusProps {
  kind: Kind
  parameters: ListParameters
  columns: readonly string[]
  onColumns: (names: string[]) => void
  /** Null when nothing may be changed. */
  onImport: (() => void) | null
}

/** What can be done with the list as a whole. */
export function ListMenus({ kind, parameters, columns, onColumns, onImport }: ListMenusProps) {
  const { t } = useTranslation('lists')
  const columnName = useColumnName()
  const all = [...columnFields(kind.schema).map(({ name }) => name), ...FIXED_COLUMNS]
  return (
    <>
      <Menu
        trigger={
          <Button>
            <Columns3 aria-hidden size={16} strokeWidth={1.75} />
            {t('columns')}
          </Button>
        }
      >
        {all.map((name) => (
          <MenuCheck
            key={name}
            checked={columns.includes(name)}
            onChange={(isOn) =>
              onColumns(isOn ? [...columns, name] : columns.filter((each) => each !== name))
            }
          >
            {columnName(name)}
          </MenuCheck>
        ))}
      </Menu>
      <Menu
        trigger={
          <Button>
            <Download aria-hidden size={16} strokeWidth={1.75} />
            {t('export')}
          </Button>
        }
      >
        <MenuLink href={exportAddress(kind.plural, parameters, 'csv')}>{t('exportCsv')}</MenuLink>
        <MenuLink href={exportAddress(kind.plural, parameters, 'yaml')}>{t('exportYaml')}</MenuLink>
      </Menu>
      {onImport ? (
        <Button onClick={onImport}>
          <FileUp aria-hidden size={16} strokeWidth={1.75} />
          {t('import')}
        </Button>
      ) : null}
    </>
  )
}
