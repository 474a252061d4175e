/** What the switch says of gateways, LCR profiles, lists, targets and POPs, by its English words. */
export const connections: Record<string, string> = {
  'One SIP address of a carrier, with limits of its own. Egress trunks of the carrier name it (`shared_gateways`); those that name the same share its limits. When it is full or not active, calls go to the next gateway of their trunk, then by the next route.':
    'Una dirección SIP de un carrier, con límites propios. Las troncales de salida del carrier lo nombran (`shared_gateways`); las que nombran el mismo comparten sus límites. Cuando está lleno o no está activo, las llamadas van al siguiente gateway de su troncal y luego por la ruta siguiente.',
  'Where calls are sent: `address:port`, or a host name, with its port or without.':
    'A dónde se envían las llamadas: `dirección:puerto`, o un nombre de host, con o sin puerto.',
  'Whose it is.': 'De quién es.',
  'Attempts and calls at the same time over all trunks that name it.':
    'Intentos y llamadas simultáneos en todas las troncales que lo nombran.',
  'New attempts per second over all trunks that name it.':
    'Intentos nuevos por segundo en todas las troncales que lo nombran.',
  'Transport to it. Without one a host name without a port is asked for it.':
    'Transporte hacia él. Sin uno, se consulta por él a un nombre de host sin puerto.',
  udp: 'udp',
  'In which order the carriers of a call are tried, and which are not tried at all. A customer without a profile has the cheapest first.':
    'En qué orden se prueban los carriers de una llamada, y cuáles no se prueban nunca. Un cliente sin perfil tiene el más barato primero.',
  'Most routes that a call tries.': 'Máximo de rutas que prueba una llamada.',
  'Strategy `manual`: carriers in the order in which they are tried; others follow by cost.':
    'Estrategia `manual`: carriers en el orden en que se prueban; los demás siguen por costo.',
  'Strategy `percentage`: how often each carrier goes first; others follow by cost. Where some of them have no route, the others have their shares in proportion.':
    'Estrategia `percentage`: con qué frecuencia va primero cada carrier; los demás siguen por costo. Donde algunos no tienen ruta, los otros se reparten en proporción.',
  'The carrier.': 'El carrier.',
  'Of a hundred calls, so many.': 'De cada cien llamadas, cuántas.',
  percent: 'por ciento',
  'Carriers that are never tried.': 'Carriers que no se prueban nunca.',
  'Of a hundred calls, so many are tried first with a carrier that is not tested for the destination: one with fewer than 30 attempts in the last half hour.':
    'De cada cien llamadas, cuántas se prueban primero con un carrier no probado para el destino: uno con menos de 30 intentos en la última media hora.',
  'Carriers that go first in a share of the calls, whatever the strategy says of them; together at most 100 percent.':
    'Carriers que van primero en una parte de las llamadas, diga lo que diga la estrategia; juntos como máximo 100 por ciento.',
  "Routes that leave less of the customer's price than this are dropped; 0 drops those that cost more than the customer pays.":
    'Se descartan las rutas que dejan menos del precio del cliente que esto; 0 descarta las que cuestan más de lo que paga el cliente.',
  'Carriers that may be tried: a lock.': 'Carriers que se pueden probar: un candado.',
  all: 'todos',
  "Longest time from a call's INVITE until a carrier rings: an attempt that has not come so far is given up then, and no other is begun.":
    'Tiempo máximo del INVITE de una llamada hasta que un carrier timbra: un intento que no ha llegado tan lejos se abandona entonces, y no se empieza otro.',
  'Strategy `price_band`: routes that cost so much more than the cheapest at most count as equal to it, and priority decides among them.':
    'Estrategia `price_band`: las rutas que cuestan como máximo tanto más que la más barata cuentan como iguales a ella, y la prioridad decide entre ellas.',
  'Strategy `quality`: how much quality weighs against cost, from 0 (cost alone) to 100 (quality alone). At 50 a route that is 1 percent dearer than the cheapest is worth 1 point of the 100 of a score.':
    'Estrategia `quality`: cuánto pesa la calidad frente al costo, de 0 (solo costo) a 100 (solo calidad). Con 50, una ruta 1 por ciento más cara que la más barata vale 1 punto de los 100 de una puntuación.',
  'What a carrier must reach for a destination. Routes of those that do not are tried after all others, whatever routes lead to them.':
    'Lo que un carrier debe alcanzar para un destino. Las rutas de los que no lo alcanzan se prueban después de todas las demás, lleven a ellas las rutas que lleven.',
  'Mean length of answered calls (ACD), at least.':
    'Duración media de las llamadas contestadas (ACD), como mínimo.',
  any: 'cualquiera',
  'Answered calls of a hundred attempts (ASR), at least.':
    'Llamadas contestadas de cien intentos (ASR), como mínimo.',
  'Attempts of a hundred that reach the called party, whatever it does (NER), at least.':
    'Intentos de cien que llegan al llamado, haga lo que haga (NER), como mínimo.',
  'Mean time to the first ringing (PDD), at most.':
    'Tiempo medio hasta el primer timbre (PDD), como máximo.',
  'What decides the order.': 'Qué decide el orden.',
  'The cheapest first.': 'El más barato primero.',
  'Carriers in an order of their own, then cost.': 'Carriers en un orden propio, luego costo.',
  'Carriers go first as often as their shares say, then cost.':
    'Los carriers van primero con la frecuencia que dicen sus partes, luego costo.',
  'Those within a band above the cheapest by priority, then the others by cost.':
    'Los que están en una banda sobre el más barato por prioridad, luego los demás por costo.',
  'Priority first, then cost.': 'Primero prioridad, luego costo.',
  'By a balance of quality and cost.': 'Por un equilibrio de calidad y costo.',
  'The dearest first.': 'El más caro primero.',
  'Routes to a destination take turns at going first; those after it follow by cost, then those before it.':
    'Las rutas a un destino se turnan para ir primero; las posteriores siguen por costo, luego las anteriores.',
  'Within each priority by lot, a heavier one more often before the others.':
    'Dentro de cada prioridad al azar, la de más peso más a menudo antes que las otras.',
  'Where events are told: by mail, or by a request to a web server.':
    'Dónde se comunican los eventos: por correo, o por una solicitud a un servidor web.',
  'Most times that it is tried before it is given up.':
    'Máximo de veces que se prueba antes de abandonar.',
  'How it is told.': 'Cómo se le comunica.',
  'By mail.': 'Por correo.',
  'By a signed POST request.': 'Por una solicitud POST firmada.',
  'Names of events, such as `change_set.pushed`; `customer.*` means all of an area, `*` all.':
    'Nombres de eventos, como `change_set.pushed`; `customer.*` abarca un área entera, `*` todos.',
  'E-mail: to whom.': 'Correo electrónico: a quién.',
  'Webhook: the key that requests are signed with.':
    'Webhook: la clave con la que se firman las solicitudes.',
  'Whether it is told.': 'Si se le comunica.',
  'Longest wait for an answer.': 'Espera máxima de una respuesta.',
  'Webhook: where the request goes, `https://…`; plain `http://` is for tests on the same host.':
    'Webhook: a dónde va la solicitud, `https://…`; `http://` sin cifrar es para pruebas en el mismo host.',
  'Numbers that are let through, refused, rewritten or tagged, of those customers, carriers and trunks that name the list.':
    'Números que se dejan pasar, se rechazan, se reescriben o se etiquetan, de los clientes, carriers y troncales que nombran la lista.',
  'What a match means.': 'Qué significa una coincidencia.',
  'Calls whose number stands here go on; others are refused.':
    'Las llamadas cuyo número está aquí siguen; las demás se rechazan.',
  'Calls whose number stands here are refused; others go on.':
    'Las llamadas cuyo número está aquí se rechazan; las demás siguen.',
  'Numbers that stand here become others; all calls go on.':
    'Los números que están aquí pasan a ser otros; todas las llamadas siguen.',
  'Calls whose number stands here get a tag; all calls go on. For customers and ingress trunks.':
    'Las llamadas cuyo número está aquí reciben una etiqueta; todas las llamadas siguen. Para clientes y troncales de entrada.',
  'The digits of numbers or of their beginnings, E.164 without `+`.':
    'Los dígitos de números o de sus comienzos, E.164 sin `+`.',
  'How entries are compared.': 'Cómo se comparan las entradas.',
  'The number is the entry.': 'El número es la entrada.',
  'The number begins with the entry.': 'El número empieza por la entrada.',
  'Which number of a call is looked at, as it is after translation and after the lists before this one.':
    'Qué número de una llamada se mira, como está después de la traducción y de las listas anteriores a esta.',
  "The number that stands for the caller whatever From says: of P-Asserted-Identity or Remote-Party-ID, when the customer's trunk believes them (`identity.asserted`); that of From when there is none.":
    'El número que vale por quien llama diga lo que diga From: de P-Asserted-Identity o Remote-Party-ID, cuando la troncal del cliente confía en ellos (`identity.asserted`); el de From cuando no lo hay.',
  'The number that is called.': 'El número al que se llama.',
  'The number that calls, as From says it.': 'El número que llama, como lo dice From.',
  'Of a list that rewrites: what stands in its place, digits of E.164 without `+`. Empty takes the entry off.':
    'De una lista que reescribe: qué queda en su lugar, dígitos de E.164 sin `+`. Vacío quita la entrada.',
  'Of a list that rewrites: what is replaced.': 'De una lista que reescribe: qué se reemplaza.',
  'The entry that it begins with, of several the longest; the digits behind it stay.':
    'La entrada por la que empieza, de varias la más larga; los dígitos siguientes se quedan.',
  'All of it.': 'Todo.',
  'Of a list that tags: what routes can ask for.':
    'De una lista que etiqueta: lo que las rutas pueden pedir.',
  'A point of presence: where customers send calls, and where media comes from. Calls do not read it yet; it is what customers are shown.':
    'Un punto de presencia: a dónde envían llamadas los clientes, y de dónde vienen los medios. Las llamadas aún no lo leen; es lo que se muestra a los clientes.',
  'Calls at the same time that it is built for.':
    'Llamadas simultáneas para las que está construido.',
  'not said': 'no indicado',
  'The city it stands in.': 'La ciudad en la que está.',
  'A short code for lists and records, such as `FRA1`.':
    'Un código corto para listas y registros, como `FRA1`.',
  'The country it stands in, two capital letters of ISO 3166.':
    'El país en el que está, dos letras mayúsculas de ISO 3166.',
  'The name that customers send calls to, when it has one.':
    'El nombre al que los clientes envían llamadas, si lo tiene.',
  'The addresses that customers send calls to.':
    'Las direcciones a las que los clientes envían llamadas.',
  'Where it listens, `address:port`.': 'Dónde escucha, `dirección:puerto`.',
  'The transport that it speaks there.': 'El transporte que habla allí.',
  "The addresses that media comes from, for customers' firewalls.":
    'Las direcciones de las que vienen los medios, para los cortafuegos de los clientes.',
}
