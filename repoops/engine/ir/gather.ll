define internal <32 x <<kind>>> @gather_<<kind>>(<32 x ptr> %place, <32 x i1> %mask) noinline {
entry:
  %places = alloca <32 x ptr>, align 64
  store <32 x ptr> %place, ptr %places, align 64
  %lanes = alloca <32 x <<kind>>>, align 64
  store <32 x <<kind>>> zeroinitializer, ptr %lanes, align 64
  %bits = bitcast <32 x i1> %mask to i32
  %none = icmp eq i32 %bits, 0
  br i1 %none, label %end, label %loop
loop:
  %left = phi i32 [%bits, %entry], [%rest, %loop]
  %k = call i32 @llvm.cttz.i32(i32 %left, i1 true)
  %k64 = zext i32 %k to i64
  %lane = getelementptr <<kind>>, ptr %lanes, i64 %k64
  %at = getelementptr ptr, ptr %places, i64 %k64
  %there = load ptr, ptr %at
  %one = load <<kind>>, ptr %there, align 1
  store <<kind>> %one, ptr %lane
  %less = sub i32 %left, 1
  %rest = and i32 %left, %less
  %done = icmp eq i32 %rest, 0
  br i1 %done, label %end, label %loop
end:
  %all = load <32 x <<kind>>>, ptr %lanes, align 64
  ret <32 x <<kind>>> %all
}
