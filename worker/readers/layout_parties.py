"""Who sells and who buys, as the places of names and addresses on the page show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from worker.readers import party_names, party_numbers
from worker.readers import party_patterns as looks
from worker.readers.invoice_words import folded
from worker.readers.layout_labels import Label, label_in, label_of
from worker.readers.page_layout import Cell, Layout, Row

_BLOCK_LINES = 7
# What no page that a person made reaches; a made-up one shall not take minutes.
_MAX_CELLS, _MAX_BLOCKS = 2000, 40


@dataclass(frozen=True, slots=True)
class Block:
    """Lines under each other that end in a postal address."""

    lines: tuple[Cell, ...]
    label: str | None = None

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Named:
    """A party's name, where it stands and how surely it is the one."""

    name: str | None = None
    cell: Cell | None = None
    confidence: float = 0.0
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Parties:
    """Both sides of an invoice."""

    seller: Named
    buyer: Named
    seller_vat: str | None = None
    buyer_vat: str | None = None
    iban: str | None = None


def read(layout: Layout, sellers: Iterable[str] = ()) -> Parties:
    """The seller and the buyer of the document and the numbers that name them.

    `sellers` are names to look for first: those of the business whose papers these are.
    """
    blocks = list(islice(_blocks(layout), _MAX_BLOCKS))
    seller = (
        _known(layout, sellers)
        or _labelled_party(layout, "seller", is_strong=True)
        or _sender_line(layout)
        or _labelled_party(layout, "seller", is_strong=False)
        or _sender_line(layout, from_top=0.8)
    )
    buyer = (
        _labelled_party(layout, "buyer", is_strong=True)
        or _labelled_party(layout, "buyer", is_strong=False)
        or _addressee(layout, blocks, seller)
    )
    if seller is None:
        seller = _seller_of_page(layout, blocks, buyer)
    seller_vat, buyer_vat = party_numbers.vat_ids(layout)
    return Parties(
        seller or Named(), buyer or Named(), seller_vat, buyer_vat, party_numbers.iban(layout)
    )


def _known(layout: Layout, sellers: Iterable[str]) -> Named | None:
    """The first of the names that the pages show, wherever they do."""
    for name in sellers:
        plain = folded(name)
        for cell in layout.cells if plain else ():
            if f" {plain} " in f" {folded(cell.text)} ":
                return Named(name, cell, 0.99)
    return None


def _sender_line(layout: Layout, *, from_top: float = 0.0) -> Named | None:
    """The small line over a window address or at the foot: name, street, town, marks between."""
    for row in layout.rows:
        place = row.top / layout.height
        if row.page > 1 or not from_top <= place <= (1.0 if from_top else 0.45):
            continue
        # The marks may stand so far apart that each piece is a cell of its own.
        texts = [(cell.text, cell) for cell in row.cells]
        texts += [(row.text, row.cells[0])] if looks.BULLET.search(row.text) else []
        for text, cell in texts:
            parts = [part for part in looks.SEPARATOR.split(text) if part.strip()]
            head = next((n for n, part in enumerate(parts) if ":" in part), len(parts))
            if head < 3 or not looks.POSTAL.search(" · ".join(parts[:head])):
                continue
            if head < len(parts) and not from_top:
                continue
            name = party_names.trimmed(parts[0])
            if party_names.is_name(name) and not party_names.has_digit(name):
                return Named(_fuller(name, layout), cell, 0.85)
    return None


def _fuller(name: str, layout: Layout) -> str:
    """The same name with its legal form, where another line begins with it."""
    if looks.LEGAL_FORM.search(name):
        return name
    for cell in layout.cells:
        text = cell.text
        if (
            text.startswith(f"{name} ")
            and len(text) <= 3 * len(name) + 12
            and looks.STRICT_FORM.search(text)
        ):
            return text
    return name


# Labels that other things bear as well; what they name counts less than a sender's address.
_WEAK_LABELS = (
    "from|to|aan|an|client|customer|klant|kunde|fra|til|fran|cliente|kontoinhaber|account holder"
    "|account name|beneficiaire|beneficiary|titulaire|titulaire du compte|titular|saaja|empresa"
    "|lieferant|fournisseur|fornitore|supplier|empfanger|destinatario|vevo|payable to|remit to"
    "|customer name|nom de l abonne|destinataire|intestatario"
)
_WEAK = frozenset(_WEAK_LABELS.split("|"))


def _labelled_party(layout: Layout, role: str, *, is_strong: bool) -> Named | None:
    """The name beside or under a word for the party."""
    for row in layout.rows:
        for place, cell in enumerate(row.cells):
            label = label_in(cell.text)
            if label is None or role not in label.roles or not label.is_bare:
                continue
            if (label.phrase in _WEAK) == is_strong:
                continue
            name, where = _name_at(layout, row, place, label)
            if name is not None:
                confidence = (0.9 if is_strong else 0.6) - 0.05 * (cell.page - 1)
                return Named(name, where, confidence, _email_below(layout, where))
    return None


def _email_below(layout: Layout, cell: Cell) -> str | None:
    """The address for mail in the lines from here down."""
    for line, _ in layout.column(cell, 7):
        if match := looks.EMAIL.search(line.text):
            return match[0]
    return None


def _name_at(layout: Layout, row: Row, place: int, label: Label) -> tuple[str | None, Cell]:
    """The name in the label's own cell, beside it after a colon, else in the lines below it."""
    cell = row.cells[place]
    rest = label.rest.strip(" :")
    if rest:
        return (rest, cell) if party_names.is_name(rest) else (None, cell)
    beside = row.cells[place + 1] if place + 1 < len(row.cells) else None
    has_colon = cell.text.rstrip().endswith(":") or (beside and beside.text.startswith(":"))
    if beside is not None and has_colon:
        text = beside.text.strip(" :")
        if party_names.is_name(text) and beside.left - cell.right < 0.4 * layout.width:
            return text, beside
    return _name_below(layout, cell, 3 if label.phrase in _WEAK else 8)


def _name_below(layout: Layout, label: Cell, limit: int) -> tuple[str | None, Cell]:
    # Lines under a label are often set in from it.
    lines = list(layout.column(label, 9))[1:] or list(_indented(layout, label))
    lines = lines[:limit]
    texts = [party_names.without_label(_with_value(line, row)) for line, row in lines]
    for (line, _), text in zip(lines, texts, strict=True):
        if (match := looks.NAME_LABEL.match(text)) and party_names.is_name(match[1].strip()):
            return match[1].strip(), line
    pieces: list[str] = []
    first = label
    for place, ((line, _), text) in enumerate(zip(lines, texts, strict=True)):
        plain = text.strip(" ,-")
        if not pieces and looks.SUBLABEL.match(plain):
            continue
        if not party_names.is_name(plain):
            if pieces or place > 3:
                break
            continue
        first = first if pieces else line
        pieces.append(plain)
        if not party_names.goes_on(pieces, texts[place + 1 :]):
            break
    return " ".join(pieces) or None, first


def _indented(layout: Layout, label: Cell) -> Iterator[tuple[Cell, Row]]:
    for row in layout.rows:
        near = 0 < row.top - label.bottom < 3.0 * max(label.height, 8.0)
        if row.page == label.page and near:
            for cell in row.cells:
                if -8 <= cell.left - label.left < 40:
                    return layout.column(cell, 7)
    return iter(())


def _with_value(cell: Cell, row: Row) -> str:
    """The line with the cell beside it, where the line is a label and that its value."""
    place = row.cells.index(cell)
    beside = row.cells[place + 1].text if place + 1 < len(row.cells) else ""
    if beside and (cell.text.rstrip().endswith(":") or beside.startswith(":")):
        return f"{cell.text.rstrip(' :')}: {beside.lstrip(' :')}"
    return cell.text


def _blocks(layout: Layout) -> Iterator[Block]:
    """Every address on the first page: the lines over a line with a postal code and a town."""
    cells = [cell for cell in layout.cells[:_MAX_CELLS] if cell.page == 1]
    for end, cell in enumerate(cells):
        text = cell.text
        if (
            len(text) > 60
            or ":" in text
            or not looks.POSTAL.search(f" {text}")
            or looks.CONTACT.search(text)
        ):
            continue
        lines, last, height, first_gap = [cell], cell, max(cell.height, 8.0), 0.0
        for above in reversed(cells[:end]):
            is_aligned = abs(above.left - cell.left) <= 8 or abs(above.right - cell.right) < 2
            if not is_aligned or above.top >= last.top:
                continue
            gap = last.top - above.bottom
            # The first gap is the block's own; a wider one parts it from what stands above.
            widest = 2.2 * height if len(lines) == 1 else first_gap + height
            if gap > widest or len(lines) >= _BLOCK_LINES:
                break
            first_gap = gap if len(lines) == 1 else first_gap
            lines.append(above)
            last = above
        lines.reverse()
        label = next((line.text for line in lines if label_of(line.text)), None)
        kept = tuple(line for line in lines if not label_of(line.text))
        if len(kept) >= 2:
            yield Block(kept, label)


def _addressee(layout: Layout, blocks: list[Block], seller: Named | None) -> Named | None:
    """The name of the first address that is neither the seller's nor a place of delivery."""
    sellers = folded(seller.name) if seller and seller.name else ""
    domains = _domains(layout)
    names = {_first_name(block) for block in blocks}
    top = min(blocks, key=lambda block: block.lines[0].top, default=None)
    scored: list[tuple[float, Named]] = []
    for block in blocks:
        roles = label_of(block.label) if block.label else ()
        if "delivery" in roles or _label_above(layout, block, "delivery"):
            continue
        name = _first_name(block)
        if name is None:
            continue
        plain = folded(name)
        if sellers and (plain in sellers or sellers in plain):
            continue
        score = 0.7 - 0.3 * block.lines[0].top / layout.height
        score += 0.2 if "buyer" in roles else 0.0
        score -= 0.3 if seller is None and _is_domain(name, domains) else 0.0
        # Of two addresses and no other sign the upper one is the letterhead.
        is_letterhead = seller is None and block is top and len(names) > 1
        score -= 0.3 if is_letterhead else 0.0
        score -= 0.35 if looks.CONTACT.search(_around(layout, block)) else 0.0
        score -= 0.5 if looks.STREET.search(name) else 0.0
        email = looks.EMAIL.search(_around(layout, block))
        scored.append((score, Named(name, block.lines[0], score, email[0] if email else None)))
    return max(scored, key=lambda each: each[0])[1] if scored else None


def _label_above(layout: Layout, block: Block, role: str) -> bool:
    first = block.lines[0]
    return any(
        cell.page == first.page
        and 0 < first.top - cell.top < 4 * max(first.height, 8.0)
        and abs(cell.left - first.left) < 12
        and role in label_of(cell.text)
        for cell in layout.cells
    )


def _around(layout: Layout, block: Block) -> str:
    """The lines of a block and the few below it in its column: where contacts stand."""
    column = [cell.text for cell, _ in layout.column(block.lines[-1], 5, gap=1.2)]
    return "\n".join([block.text, *column])


def _first_name(block: Block) -> str | None:
    pieces: list[str] = []
    texts = [line.text for line in block.lines[:-1]]
    for place, text in enumerate(texts):
        if not party_names.is_name(text) or len(looks.SEPARATOR.split(text)) > 2:
            if pieces:
                break
            continue
        pieces.append(text.strip(" ,"))
        if not party_names.goes_on(pieces, texts[place + 1 :]):
            break
    return " ".join(pieces) or None


def _seller_of_page(layout: Layout, blocks: list[Block], buyer: Named | None) -> Named | None:
    """The name at the head or foot of the page that looks like one of a business."""
    domains = {domain.replace("-", "") for domain in looks.DOMAIN.findall(layout.text.lower())}
    inner = {id(line) for block in blocks for line in block.lines[1:]}
    buyers = folded(buyer.name) if buyer and buyer.name else ""
    scored: list[tuple[float, Named]] = []
    for cell in layout.cells:
        place = cell.top / layout.height
        if cell.page > 1 or 0.3 < place < 0.8 or (buyer and cell is buyer.cell):
            continue
        for text in {cell.text, looks.SEPARATOR.split(cell.text)[0], _before_capital(cell.text)}:
            name = text.strip(" ,-")
            if len(name) < 3 or not party_names.is_name(name) or folded(name) == buyers:
                continue
            is_domain = _is_domain(name, domains)
            score = _seller_score(layout, cell, name) + 0.3 * is_domain
            score -= 0.4 * (id(cell) in inner and not is_domain)
            score += 0.6 * (name == _before_capital(cell.text))
            below = [line.text for line, _ in layout.column(cell, 2, gap=0.8)][1:]
            whole = (
                f"{name} {below[0]}"
                if party_names.goes_on([name], below)
                else party_names.named_only(name)
            )
            scored.append((score, Named(whole, cell, min(score, 0.8))))
    best = max(scored, key=lambda each: each[0], default=None)
    return best[1] if best and best[0] > 0.2 else None


def _before_capital(text: str) -> str:
    """The company in a sentence like `Free SAS au capital de …`; an empty text if it is none."""
    match = looks.CAPITAL.match(text)
    return looks.SEPARATOR.split(match[1])[0].strip() if match else ""


def _domains(layout: Layout) -> set[str]:
    """The names in the mail and web addresses of the document."""
    return {found.replace("-", "") for found in looks.DOMAIN.findall(layout.text.lower())}


def _is_domain(name: str, domains: set[str]) -> bool:
    """Whether the business's mail or web address is made of the name."""
    compact = folded(name).replace(" ", "")
    return len(compact) > 3 and any(domain in compact or compact in domain for domain in domains)


def _seller_score(layout: Layout, cell: Cell, name: str) -> float:
    place = cell.top / layout.height
    score = 0.35 if place < 0.12 else 0.15 if place < 0.25 else 0.2 if place > 0.85 else -0.2
    if looks.STRICT_FORM.search(name):
        score += 0.4
    if layout.text.count(name) > 1:
        score += 0.1
    if len(name.split()) > 5 or "," in name:
        score -= 0.2
    if cell.height > 13:
        score += 0.1
    return score
