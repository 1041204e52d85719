"""Acts that one person proposes and another signs: nobody begins or ends a right alone."""
