"""A small Python project in a real git repository, and its index."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from agentless.records import Instance
from agentless.repo import Index, RepoSnapshot

FILES = {
    "README.md": "# Shop\n\nCarts and invoices.\n",
    "setup.py": "from setuptools import setup\n\nsetup(name='shop')\n",
    "src/shop/__init__.py": '"""A shop."""\n\nfrom shop.cart import Cart\n',
    "src/shop/cart.py": '''\
"""Carts hold items."""

from .money import Money
from .stock import reserve

LIMIT = 100


class Cart:
    """What a customer wants to buy."""

    def __init__(self, owner, name=""):
        self.owner = owner
        self.name = name
        self.items = []

    def add_item(self, item, quantity=1):
        """Put an item into the cart.

        Raises:
            ValueError: the quantity is negative.
        """
        if quantity < 0:
            raise ValueError("negative quantity")
        reserve(item, quantity)
        self.items.append((item, quantity))

    def total(self):
        def price(entry):
            return entry[0].price * entry[1]

        return Money(sum(price(entry) for entry in self.items))


class EmptyCart(Exception):
    """Raised when an empty cart is paid."""
''',
    "src/shop/money.py": '''\
"""Amounts and their rounding."""


class Money:
    def __init__(self, cents):
        self.cents = cents

    def rounded(self):
        return round(self.cents / 100)


def parse_amount(text):
    """Read an amount such as 12.50."""
    return Money(int(float(text) * 100))
''',
    "src/shop/stock.py": '''\
"""What is on the shelves."""


def reserve(item, quantity):
    shelf = find_shelf(item)
    shelf.count -= quantity


def find_shelf(item):
    return item.shelf
''',
    "src/shop/report/__init__.py": "",
    "src/shop/report/invoice.py": '''\
"""Invoices as text."""

from shop.money import Money


def render_invoice(cart):
    lines = [str(item) for item, _ in cart.items]
    return "\\n".join(lines)
''',
    "src/shop/static/cart.js": "function addItem(cart, item) { cart.items.push(item); }\n",
    "docs/carts.rst": "Carts\n=====\n\nA cart holds items, add_item puts them there.\n",
    "docs/conf.py": "project = 'shop cart'\n",
    "examples/cart_example.py": "from shop import Cart\n\nCart('me').add_item('apple')\n",
    "tests/test_cart.py": "from shop import Cart\n\n\ndef test_cart_total():\n    Cart('me').add_item('apple')\n",
    "src/shop/tests/test_money.py": "def test_rounded_money():\n    pass\n",
}


def commit(folder: Path, files: Mapping[str, str]) -> Path:
    """A git repository that holds these files in one commit."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        subprocess.run(["git", *identity, "-C", str(folder), *arguments], check=True)
    return folder


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = commit(tmp_path_factory.mktemp("shop"), FILES)
    with RepoSnapshot.open(folder, "HEAD") as snapshot:
        yield Index.build(snapshot)


ISSUE = """\
Cart.add_item accepts a negative quantity

Calling `add_item("apple", -1)` does not raise. See shop/cart.py.
"""


@pytest.fixture
def instance() -> Instance:
    return Instance(instance_id="shop-1", repo="shop", base_commit="HEAD", problem_statement=ISSUE)
