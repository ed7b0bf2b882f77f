"""How fast a kernel is: floors from data sheets, a measurement that can say no, and a page; without a card no time."""
