import type { lists as english } from '../en/lists'
import type { Translation } from '../translation'

/** What every list says: pages, filters, columns, chosen rows. */
export const lists: Translation<typeof english> = {
  pager: {
    label: 'Páginas',
    newest: 'Más recientes',
    newer: 'Posteriores',
    older: 'Anteriores',
    first: 'Primera',
    previous: 'Anterior',
    next: 'Siguiente',
    shown_one: '{{count}} fila en esta página',
    shown_many: '{{count}} de filas en esta página',
    shown_other: '{{count}} filas en esta página',
    total_one: '{{count}} en total',
    total_many: '{{formatted}} en total',
    total_other: '{{formatted}} en total',
  },
  removeFilter: 'Quitar el filtro {{name}}',
  clearFilters: 'Borrar los filtros',
  noMatch: 'Nada cumple los filtros',
  columns: 'Columnas',
  export: 'Exportar',
  exportCsv: 'Tabla (CSV)',
  exportYaml: 'Archivos (YAML)',
  import: 'Importar',
  selectAll: 'Elegir todas las filas de esta página',
  selectRow: 'Elegir {{name}}',
  selected_one: 'Elegidos: {{count}}',
  selected_many: 'Elegidos: {{formatted}}',
  selected_other: 'Elegidos: {{formatted}}',
  selectMatching: 'Elegir los {{formatted}} que coinciden',
  clearSelection: 'No elegir ninguno',
}
