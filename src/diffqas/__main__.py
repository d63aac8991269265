"""`python -m diffqas`, the same as the program `diffqas`."""

from diffqas.cli import main

if __name__ == "__main__":
    main()
